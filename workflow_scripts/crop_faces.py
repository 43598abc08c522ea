"""Crop the faces of one speaker's films, 25 a second in colours."""

from mmer.media.face_pictures import FacesJob, crop_faces
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(FacesJob, crop_faces, __doc__)
