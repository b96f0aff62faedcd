// Requests to the API. Every failure becomes an ApiError with a message for the reader.

const TIMEOUT_MS = 4000;

export class ApiError extends Error {}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  let body;
  try {
    response = await fetch(query ? `${path}?${query}` : path, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    body = await response.json();
  } catch {
    throw new ApiError("The API does not respond.");
  }
  if (!response.ok) throw new ApiError(body.reason ?? `The API responded with status ${response.status}.`);
  return body;
}
