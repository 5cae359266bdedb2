"""Simulated fundus photographs, drawn from scratch (ours).

`population` decides who has what; `eye` and `vessels` draw one healthy eye, once; `lesions` and
`incidental` mark it with its diseases; `raster` turns shapes into pixels; `photograph` takes the
picture, or its masks, at any size.

Coordinates everywhere: a right eye as the camera sees it, the centre of the picture at (0, 0),
the rim of the aperture at radius 1, x to the right (nasal), y down. Left eyes are mirrored when
they are drawn.
"""
