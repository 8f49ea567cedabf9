"""Makes moco-v2-symmetric.safetensors: what make_moco-v2.py does, with the mean of
the losses of both orders of the views.

    pip install torch==2.14.1 safetensors
    python3 make_moco-v2-symmetric.py [FILE]
"""

import importlib

importlib.import_module("make_moco-v2").make(True, __file__)
