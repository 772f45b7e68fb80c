import { productIdOf, productsIn } from '../events/products.ts';
import type { CdpEvent } from '../event.ts';
import { fieldTable, type FieldRow, type FieldTableOptions } from './field-table.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { builderAt, type AnyPayloadBuilder } from './payload-builder.ts';

export interface ProductTableOptions<T> extends Omit<FieldTableOptions, 'from'> {
  /** The field that holds the product's id. */
  readonly idTo: keyof T & string;
  /** The text of the note on a product without an id, which is left out. */
  readonly withoutId: string;
}

/** A compiled table of products. */
export interface ProductTable<T> {
  /**
   * Sets `field` to the list of the event's products, or to nothing if there are none; with a note on each entry that
   * is no product. `single`: see `productsOf`. Returns the list.
   */
  (event: CdpEvent, out: AnyPayloadBuilder, field: string, options?: { readonly single?: boolean }): readonly T[];
}

/**
 * Compiles the table of a vendor's products: one row per field beside the id, with paths inside a product. Call it at
 * module level.
 *
 * @example
 * interface Content {
 *   id?: string;
 *   price?: number;
 * }
 * const contentsOf = productTable<Content>([{ to: 'price', from: 'price', as: asAmount }], {
 *   idTo: 'id',
 *   withoutId: 'Acme takes no product without an id',
 * });
 * const contents = contentsOf(event, out, 'contents', { single: true });
 */
export function productTable<T extends object>(
  rows: readonly FieldRow<T>[],
  options: ProductTableOptions<T>,
): ProductTable<T> {
  checkMembers('productTable()', options, optionMembers);
  const { idTo, withoutId, ...rest } = options;
  const fields = fieldTable<T>(rows, rest);
  return (event, out, field, { single = false } = {}) => {
    const entries = productsIn(event, out, field, { single });
    const [first] = entries;
    if (first === undefined) return none;
    const products: T[] = [];
    for (const entry of entries) {
      const id = productIdOf(entry);
      if (id?.value === undefined) {
        out.drop(id?.path ?? entry.path, withoutId, field);
        continue;
      }
      const product = builderAt<T>(out, {} as T, `${field}[${products.length}]`);
      product.set(idTo, id.value as T[keyof T & string], id.path);
      fields.of(entry.item, product, entry.path);
      products.push(product.value);
    }
    if (products.length > 0)
      out.set(field, products, first.path === 'properties' ? 'properties' : 'properties.products');
    return products;
  };
}

const none: readonly never[] = Object.freeze([]);

const optionMembers: MemberTable<ProductTableOptions<object>> = {
  idTo: 'required',
  withoutId: 'required',
  unusable: 'optional',
  isNothing: 'optional',
  noteEvery: 'optional',
  longest: 'optional',
};
