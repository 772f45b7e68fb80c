/** What the floors know of an "Order Completed" of the generator. A floor looks at nothing twice and doubts nothing. */
export interface WebOrder {
  readonly messageId: string;
  readonly userId: string;
  readonly timestamp: string;
  readonly integrations: { readonly AdRoll?: { readonly first_party_cookie: string } };
  readonly context: {
    readonly ip: string;
    readonly userAgent: string;
    readonly page: { readonly url: string };
    readonly adroll?: { readonly firstPartyCookie: string };
    readonly traits: {
      readonly email: string;
      readonly firstName: string;
      readonly lastName: string;
      readonly phone: string;
    };
  };
  readonly properties: {
    readonly order_id: string;
    readonly total: number;
    readonly currency: string;
    readonly payment_method: string;
    readonly products: readonly {
      readonly product_id: string;
      readonly category: string;
      readonly price: number;
      readonly quantity: number;
    }[];
  };
}
