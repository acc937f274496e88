declare const brand: unique symbol;

/**
 * A `Base` that only its constructor function makes, so that ids of two kinds cannot be confused.
 */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
