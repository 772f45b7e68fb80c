/** Requests for a reload, which may come before the service is there. */
export class ReloadRequests {
  #isPending = false;
  #reload: { request(): void } | undefined;

  request(): void {
    if (this.#reload === undefined) this.#isPending = true;
    else this.#reload.request();
  }

  passTo(reload: { request(): void }): void {
    this.#reload = reload;
    if (this.#isPending) reload.request();
  }
}
