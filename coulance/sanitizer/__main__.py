"""The process itself: limits first, then the libraries that parse."""

import resource
import sys

from coulance.sanitizer import CPU_SECONDS, MEMORY_BYTES, REFUSED, Unacceptable


def limit() -> None:
    """From here on: little memory and time, no file written, no process started, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def main(kind: str) -> int:
    limit()
    content = sys.stdin.buffer.read()
    try:
        if kind == "pdf":
            from coulance.sanitizer import pdf

            clean = pdf.rewrite(content)
        else:
            from coulance.sanitizer import image

            clean = image.rewrite_for(kind)(content)
    except Unacceptable as refusal:
        reason = str(refusal)
    except (MemoryError, RecursionError):
        reason = "too_complex"
    else:
        sys.stdout.buffer.write(clean)
        sys.stdout.buffer.flush()
        return 0
    sys.stderr.write(reason)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
