"""From a prompt to token states: the tokenizer, the stored encoder and the conditioner. Importing this loads none."""
