"""Who is asked the held-out questions, how they are asked, and what becomes of the answers."""
