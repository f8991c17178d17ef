"""`python -m sfumato`, which is what torchrun starts: `torchrun --nproc-per-node 2 -m sfumato train ...`."""

import sys

from sfumato.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
