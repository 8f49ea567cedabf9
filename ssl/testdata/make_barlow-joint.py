"""Makes barlow-joint.safetensors: what make_barlow.py does with both views in one
batch, the loss of a tenth in the place of the learning rate of biases and norms, and
fewer dimensions than images.

    pip install torch==2.14.1 safetensors
    python3 make_barlow-joint.py [FILE]
"""

from make_barlow import make

make([16, 6], False, 0.1, 1, __file__)
