// What OpenLayers asks a browser for, made of fetch.
globalThis.XMLHttpRequest = class extends EventTarget {
  #headers = {};

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send() {
    const answer = await fetch(this.url, { method: this.method, headers: this.#headers });
    this.status = answer.status;
    this.responseText = await answer.text();
    this.dispatchEvent(new Event("load"));
  }
};
