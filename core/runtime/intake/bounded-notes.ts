import type { Note } from '../../api/outcome.ts';

/** More would say nothing new. */
const mostNotes = 100;

/** Notes on one event: a hundred of them, and one more that counts the others. */
export class BoundedNotes {
  readonly #notes: Note[] = [];
  #next: Note | undefined;
  #more = 0;
  #isAnyDropped = false;

  add(note: Note): void {
    if (this.#notes.length < mostNotes) return void this.#notes.push(note);
    this.#next ??= note;
    this.#more += 1;
    this.#isAnyDropped ||= note.code === 'dropped';
  }

  /** The notes in their order, each as `show` returns it. */
  list(show: (note: Note) => Note = (note) => note): readonly Note[] {
    const notes = this.#notes.map(show);
    if (this.#next === undefined) return notes;
    const next = show(this.#next);
    const code = this.#isAnyDropped ? 'dropped' : next.code;
    const message =
      this.#more === 1 ? next.message : `And ${this.#more} more notes, the first of them: ${next.message}`;
    return [...notes, { ...next, code, message }];
  }
}
