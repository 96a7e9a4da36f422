"""Drop-in doors: clients of Kling, Segmind, llmprovider and OpenAI are answered as they expect.

Each dialect decodes with `wire`, orders through `submission` like every door, encodes with `wire`.
"""
