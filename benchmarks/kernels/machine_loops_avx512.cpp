#define NODALROOM_MACHINE_LOOPS
#include "machine_loops.hpp"

namespace nodalroom::bench {

MachineLoops machine_loops_avx512() noexcept { return loops_of_width<8, 24>(); }

}  // namespace nodalroom::bench
