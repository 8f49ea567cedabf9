"""Makes vicreg-joint.safetensors: what make_vicreg.py does with both views in one
batch, with the variance as the sum over both, and with fewer dimensions than images.

    pip install torch==2.14.1 safetensors
    python3 make_vicreg-joint.py [FILE]
"""

from make_vicreg import make

make([16, 6], False, "sum", __file__)
