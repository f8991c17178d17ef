"""How good are the pictures? Measures of a model against the real pictures of prompts it never trained on."""
