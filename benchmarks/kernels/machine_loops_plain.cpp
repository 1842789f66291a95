#define NODALROOM_MACHINE_LOOPS
#include "machine_loops.hpp"

namespace nodalroom::bench {

MachineLoops machine_loops_plain() noexcept { return loops_of_width<2, 12>(); }

}  // namespace nodalroom::bench
