// The one trusted-types policy: markup becomes plain text, and scripts and workers come only from our own files.
// Imported first by every module of ours, so that it stands before anything else asks for it.
if (window.trustedTypes && !window.trustedTypes.defaultPolicy) {
  window.trustedTypes.createPolicy("default", {
    createHTML: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    createScriptURL: (address) => {
      const url = new URL(address, location.href);
      if (url.origin !== location.origin || !/^\/static\/(vendor|js)\//.test(url.pathname)) throw new TypeError(`Not one of our scripts: ${url}`);
      return url.href;
    },
  });
}
