"""Teachers: what reads documents and writes, marks, paraphrases and joins question-answer pairs."""
