"""The two languages in which programs of other people ask for pictures: OpenAI's Images and A1111's web UI."""
