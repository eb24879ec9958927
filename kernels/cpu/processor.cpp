#include "cpu/processor.h"

#include <sched.h>

#include <algorithm>
#include <format>
#include <fstream>
#include <set>
#include <string_view>
#include <thread>

namespace lapidary::kernels {

namespace {

/// The rest of the first line of `file` that begins with `key` and a colon.
std::string lineOf(const char* file, std::string_view key) {
    std::ifstream lines(file);
    std::string line;
    while (std::getline(lines, line)) {
        if (!line.starts_with(key))
            continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            continue;
        const std::size_t value = line.find_first_not_of(" \t", colon + 1);
        return value == std::string::npos ? std::string{} : line.substr(value);
    }
    return {};
}

std::size_t memoryLine(std::string_view key) {
    const std::string kibibytes = lineOf("/proc/meminfo", key);
    return kibibytes.empty() ? 0 : std::strtoull(kibibytes.c_str(), nullptr, 10) * 1024;
}

} // namespace

int physicalCores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    // Threads of one core name the same siblings.
    std::set<std::string> cores;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        std::ifstream file(
            std::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
        std::string siblings;
        if (!std::getline(file, siblings))
            siblings = std::format("cpu {}", cpu);
        cores.insert(siblings);
    }
    return std::max(1, static_cast<int>(cores.size()));
}

std::string processorName() {
    std::string name = lineOf("/proc/cpuinfo", "model name");
    return name.empty() ? "Processor" : name;
}

std::size_t totalMemory() {
    return memoryLine("MemTotal");
}

std::size_t availableMemory() {
    return memoryLine("MemAvailable");
}

} // namespace lapidary::kernels
