"""Makes simclr-split.safetensors: what make_simclr.py does, one view after the other.

    pip install torch==2.14.1 safetensors
    python3 make_simclr-split.py [FILE]
"""

from make_simclr import make

make(True, __file__)
