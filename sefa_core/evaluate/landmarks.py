"""What do the landmarks of a face mean? Angles, openings and sizes from MediaPipe's mesh of 478 points."""

from __future__ import annotations

import numpy as np

LEFT_CHEEK, RIGHT_CHEEK = 234, 454  # left and right of the picture
FOREHEAD, CHIN = 10, 152
LEFT_EYE, RIGHT_EYE = (33, 133, 159, 145), (263, 362, 386, 374)  # outer corner, inner corner, upper lid, lower lid
MOUTH = (61, 291)
INNER_LIPS = (13, 14)
FACE = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 50, 280, 205, 425)  # on forehead, nose and cheeks: skin in most faces


def measures(points: np.ndarray) -> dict[str, np.ndarray]:
    """Attributes `(n,)` of faces `(n, 478, 3)`: x to the right, y down, z away from the camera, all in one unit.

    Angles are radians: yaw is positive when the face is turned to the right of the picture, pitch when it looks down,
    roll when it leans to the right. mouth_opening and eye_openness are heights over widths, of the lips and, averaged,
    of both eyes. smile is the width of the mouth over the distance between the outer corners of the eyes. Distances
    are between points in space, so that turning the head changes them little. face_size is the centroid size, the root
    of the mean squared distance of all points from their mean (Kendall, "Shape manifolds", 1984), in the unit of the
    points: no single length, for a turned mesh is foreshortened.
    """
    across = points[:, RIGHT_CHEEK] - points[:, LEFT_CHEEK]  # (n, 3)
    down = points[:, CHIN] - points[:, FOREHEAD]  # (n, 3)
    eyes = points[:, RIGHT_EYE[0]] - points[:, LEFT_EYE[0]]  # (n, 3)

    def apart(first: int, second: int) -> np.ndarray:
        length: np.ndarray = np.linalg.norm(points[:, first] - points[:, second], axis=1)  # (n,)
        return length

    open_eyes = [apart(upper, lower) / apart(outer, inner) for outer, inner, upper, lower in (LEFT_EYE, RIGHT_EYE)]
    centred = points - points.mean(axis=1, keepdims=True)  # (n, 478, 3)
    return {
        "yaw": np.arctan2(across[:, 2], across[:, 0]),
        "pitch": np.arctan2(down[:, 2], down[:, 1]),
        "roll": np.arctan2(eyes[:, 1], eyes[:, 0]),
        "mouth_opening": apart(*INNER_LIPS) / apart(*MOUTH),
        "smile": apart(*MOUTH) / apart(LEFT_EYE[0], RIGHT_EYE[0]),
        "eye_openness": (open_eyes[0] + open_eyes[1]) / 2,
        "face_size": np.sqrt((centred**2).sum(axis=2).mean(axis=1)),
    }


def hair_colour(light: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How much lighter the hair is than the face, `(n,)`: luminance `light (n, H, W)` of a band above the forehead
    less that of points on the face, so that hair and not exposure is told. `points` are in pixels.

    NaN where the band lies outside the picture.
    """
    height, width = light.shape[1:]
    found = np.full(len(light), np.nan)
    for number, (picture, face) in enumerate(zip(light, points, strict=True)):
        length = np.linalg.norm(face[CHIN] - face[FOREHEAD])
        half = np.linalg.norm(face[RIGHT_CHEEK] - face[LEFT_CHEEK]) / 4
        x, y = face[FOREHEAD, :2]
        top, bottom = (int(np.clip(round(y - part * length), 0, height)) for part in (0.22, 0.06))
        left, right = (int(np.clip(round(x + side), 0, width)) for side in (-half, half))
        columns = np.clip(np.round(face[list(FACE), 0]).astype(int), 0, width - 1)
        rows = np.clip(np.round(face[list(FACE), 1]).astype(int), 0, height - 1)
        if bottom > top and right > left:
            found[number] = picture[top:bottom, left:right].mean() - np.median(picture[rows, columns])
    return found
