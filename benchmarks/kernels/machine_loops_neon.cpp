#define NODALROOM_MACHINE_LOOPS
#include "machine_loops.hpp"

namespace nodalroom::bench {

MachineLoops machine_loops_neon() noexcept { return loops_of_width<2, 24>(); }

}  // namespace nodalroom::bench
