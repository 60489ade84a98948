// A run's name, which the browser mints before it asks: nothing that is lost on the way leaves a run without an owner.

const BYTES = 18; // 24 letters of base64url

/** 24 letters of [A-Za-z0-9_-], drawn so that nobody can guess them. */
export function mint(bytes = crypto.getRandomValues(new Uint8Array(BYTES))) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
