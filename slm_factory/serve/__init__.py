"""Serve: the promoted model over HTTP, in Ollama's and OpenAI's words, and a page to talk to it."""
