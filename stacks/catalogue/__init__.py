"""What a stack runs, as data: services, jobs, images and the files in containers."""
