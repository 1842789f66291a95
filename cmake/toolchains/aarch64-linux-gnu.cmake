# 64-bit ARM with Debian's cross compiler and its arm64 packages, beside those of the machine that builds. What is
# built is run by qemu-user, so that tests run as they do on their own machine. script/setup neon installs all.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)

# Libraries lie in /usr/lib/aarch64-linux-gnu; those without an architecture in their path are not for us.
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
