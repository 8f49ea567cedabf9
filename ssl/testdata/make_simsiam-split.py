"""Makes simsiam-split.safetensors: what make_simsiam.py does, one view after the
other, as the authors' code does.

    pip install torch==2.14.1 safetensors
    python3 make_simsiam-split.py [FILE]
"""

from make_simsiam import make

make(True, __file__)
