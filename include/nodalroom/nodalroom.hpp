#pragma once

// Everything a program that uses nodalroom needs. The library itself includes what it uses.
#include "nodalroom/core/diagnostics.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/ids.hpp"
#include "nodalroom/core/version.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/model/branch_model.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/model/topology.hpp"
