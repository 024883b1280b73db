// English made strange: accents on every letter, and longer by about a third, as translations are. The server makes its own
// in the same way (`crates/words/src/pseudo.rs`).
const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const STRANGE = [...'ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐ'];

export function strange(text: string): string {
  return [...text]
    .map((letter) => {
      const found = STRANGE[PLAIN.indexOf(letter)] ?? letter;
      return 'aeou'.includes(letter) ? found + found : found;
    })
    .join('');
}
