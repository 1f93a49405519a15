"""Histories of patients, practices and a bank, walked through the real processes while those are killed and stopped.

`python -m tests.faults --seeds 1:50 --database postgresql`. What must hold afterwards is judged by `model.py`, which
knows what the histories did, what the stand-in bank says was paid, and which mails a mail server took.
"""
