"""Files of this checkout that Pulumi needs: passphrase, state, settings of the stacks."""
