"""Where are the landmarks of each face? A process of its own: MediaPipe's numpy need not be ours.

Runs with any Python that has MediaPipe and imports nothing of ours. On stdin, again and again: a line of JSON
`{"count": n, "side": s}`, then `n * s * s * 3` bytes of RGB. On stdout: `{"ready": version}` once; then for each
request a line `{"found": [...]}` and `found * 478 * 3` numbers, float32, little-endian: x, y, z as parts of the side.
"""

import json
import os
import sys

LANDMARKS = 478


def main() -> int:
    sys.path.pop(0)  # the folder of this file: its names are not for MediaPipe to import
    # native code prints to file descriptor 1: answers get one of their own
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(value: object) -> None:
        answers.write(json.dumps(value).encode() + b"\n")

    try:
        import mediapipe
        import numpy as np

        mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )
    except Exception as problem:
        say({"failed": f"{type(problem).__name__}: {problem}"})
        answers.flush()
        return 1
    say({"ready": mediapipe.__version__})
    answers.flush()
    while request := sys.stdin.buffer.readline():
        asked = json.loads(request)
        count, side = asked["count"], asked["side"]
        content = sys.stdin.buffer.read(count * side * side * 3)
        pictures = np.frombuffer(content, np.uint8).reshape(count, side, side, 3)
        found, points = [], []
        for picture in pictures:
            faces = mesh.process(np.ascontiguousarray(picture)).multi_face_landmarks
            found.append(bool(faces))
            if faces:
                points.append([(point.x, point.y, point.z) for point in faces[0].landmark])
        say({"found": found})
        answers.write(np.asarray(points, "<f4").reshape(-1, LANDMARKS, 3).tobytes())
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
