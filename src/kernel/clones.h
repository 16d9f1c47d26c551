#include "fgf/clones.h"
