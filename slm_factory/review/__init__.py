"""People's judgement of pairs: decisions and the file that keeps them, and the screen that makes them."""
