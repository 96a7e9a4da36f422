"""Drop-in doors: what clients of Kling, Segmind and llmprovider send is answered as they expect.

Each dialect decodes with `wire`, orders through `submission` like every door, encodes with `wire`.
"""
