// The API's answers. Every failure becomes an ApiError whose message can be shown.

const PATIENCE_MS = 4000;

export class ApiError extends Error {
  constructor(message, reachable) {
    super(message);
    this.reachable = reachable;
  }
}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  let body;
  try {
    response = await fetch(query ? `${path}?${query}` : path, {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    body = await response.json();
  } catch {
    throw new ApiError("The API does not answer.", false);
  }
  if (!response.ok) throw new ApiError(body.reason ?? `The API answered ${response.status}.`, true);
  return body;
}
