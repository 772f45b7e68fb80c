/** What is wrong with a mapping: where in the connection's options, and what. Never holds a value. */
export interface MappingIssue {
  readonly path: string;
  readonly message: string;
}

/** More than people read, and each of them takes time to find. */
const mostIssues = 100;

/** All that is wrong with a mapping, up to a hundred issues: then compiling stops. */
export class MappingIssues {
  private readonly issues: MappingIssue[] = [];

  add(path: string, message: string): void {
    if (!this.isFull) this.issues.push({ path, message });
  }

  get count(): number {
    return this.issues.length;
  }

  /** Whether what is wrong beyond these is not looked for. */
  get isFull(): boolean {
    return this.issues.length >= mostIssues;
  }

  list(): readonly MappingIssue[] {
    if (!this.isFull) return this.issues;
    const more = { path: 'options.mapping', message: `has perhaps more issues than these ${mostIssues}` };
    return [...this.issues, more];
  }
}
