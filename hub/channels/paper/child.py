"""The child that handles paper: limits first, then one question in, one answer out. It opens no file and no socket."""

from __future__ import annotations

import sys

import msgspec

from hub.channels.confined import answering, give_time
from hub.channels.paper import drawing, typeset
from hub.channels.paper.asking import Answer, Draw, Make, Question
from hub.channels.paper.bounds import MOST_SENT_PAGES, Unfit
from hub.channels.paper.pdf import Page, written
from hub.channels.paper.tiff import as_tiff


def main() -> None:
    """`python -m hub.channels.paper.child MEMORY SECONDS`, spoken to over stdin and stdout."""
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    out = answering(memory)
    give_time(seconds)
    out.write(msgspec.msgpack.encode(_answer(sys.stdin.buffer.read())))
    out.flush()


def _answer(content: bytes) -> Answer:
    try:
        question = msgspec.msgpack.decode(content, type=Question)
        return _drawn(question) if isinstance(question, Draw) else made(question)
    except Unfit as error:
        return Answer(trouble=str(error))
    except MemoryError:
        return Answer(trouble="it needs more memory than a document may")
    except Exception as error:  # the libraries raise anything for damaged documents: an answer, never silence
        return Answer(trouble=f"{type(error).__name__}: {error}"[:300])


def _drawn(question: Draw) -> Answer:
    parts = [drawing.drawn(question.content, number, question.width) for number in question.numbers]
    return Answer(parts, len(parts))


def made(question: Make) -> Answer:
    """Documents first, so that the cover sheet can say how many pages there are."""
    sheets: list[Page] = []
    for document in question.documents:
        for page in drawing.fax_pages(document):
            sheets.append(page)
            if len(sheets) > MOST_SENT_PAGES:
                raise Unfit(f"a fax of more than {MOST_SENT_PAGES} pages")
    if question.blocks:
        sheets = [*drawing.fax_pages(typeset.typeset(question.blocks, len(sheets))), *sheets]
    content, pages = as_tiff(sheets) if question.form == "tiff" else written(sheets)
    return Answer([content], pages)


if __name__ == "__main__":
    main()
