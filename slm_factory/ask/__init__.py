"""Ask: questions to models in this process, answered through llama.cpp and timed."""
