"""The program that finds the words on an untrusted file and where they stand, isolated as the sanitizer is.

`python -m guests.files.reader text` reads a PDF as it was sent and answers with the text that it brings itself;
`... picture` reads a picture that the sanitizer made and recognises the letters in it. The answer is JSON: a list of
pages, each with its size, whether it was `seen` as a picture, and `passes`: one list of words for each way of looking.
A word is its text, its box (left, top, right, bottom) on the straightened page, and its box on the page as it is shown,
in thousandths of its width and height.
"""

KINDS = ("text", "picture")
CPU_SECONDS = 20
MOST_WORDS = 6000  # on a page: a full sheet has some five hundred
MOST_PAGES = 5  # of a PDF that are read
