// Lists load again when something they may show came back from elsewhere, as after Undo.

class Fresh {
  version = $state(0);

  touch(): void {
    this.version += 1;
  }
}

export const fresh = new Fresh();
