"""The wizard: from a folder of documents to a served model, one question at a time."""
