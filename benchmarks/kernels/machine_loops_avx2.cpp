#define NODALROOM_MACHINE_LOOPS
#include "machine_loops.hpp"

namespace nodalroom::bench {

MachineLoops machine_loops_avx2() noexcept { return loops_of_width<4, 12>(); }

}  // namespace nodalroom::bench
