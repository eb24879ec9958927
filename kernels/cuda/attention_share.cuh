#pragma once

// Which runs of keys fall to which block of a step.
#include "cuda/attention_runs.cuh"

namespace lapidary::kernels::cuda {

inline constexpr int kStepKeys = 32; ///< that come at once, from a multiple of it on

/// A slot of the ring with keys and values of a step. Of up to kKeyColumns columns it has both, the
/// keys first; of more they have a slot each. A panel is 64 columns of all keys, as boxes are
/// copied: piece p of 16 bytes of row r is at p xor (r mod 8).
struct KeySlot {
    uint4 panels[8][kStepKeys][8];
};
inline constexpr int kKeyColumns = 256;
inline constexpr int kKeyPanels = kKeyColumns / 64;

/// What all blocks of an attention know once they know the position.
struct AttentionPart {
    int first; ///< position of row 0
    RunRange range;

    __device__ static AttentionPart of(const AttentionProblem& p, int first) {
        return {first, runsOf(p.window, first, p.rows)};
    }
    /// As the problem says it. It stands in memory that an earlier kernel has written.
    __device__ static AttentionPart of(const AttentionProblem& p) {
        return of(p, static_cast<int>(p.position ? __ldcg(p.position) : p.firstPosition));
    }
};

/// The position that the problems of a launch share, read once.
class KnownPosition {
public:
    __device__ int of(const AttentionProblem& p) {
        if (p.position == nullptr)
            return static_cast<int>(p.firstPosition);
        if (p.position != from_) {
            from_ = p.position;
            first_ = static_cast<int>(__ldcg(from_));
        }
        return first_;
    }

private:
    const int64_t* from_ = nullptr;
    int first_ = 0;
};

/// The keys of a run that rows read.
struct RunKeys {
    int begin, end;   ///< positions
    int start, steps; ///< of kStepKeys: the first holds `begin`

    __device__ static RunKeys of(const AttentionProblem& p, const RunRange& range, int run) {
        const bool windowed = p.window > 0;
        RunKeys keys{};
        keys.begin = max(beginOfRun(windowed, run), range.begin);
        keys.end = min(beginOfRun(windowed, run + 1), range.end);
        keys.start = keys.begin / kStepKeys * kStepKeys;
        keys.steps = (keys.end - keys.start + kStepKeys - 1) / kStepKeys;
        return keys;
    }
};

/// The runs that fall to this block of the first `blocks`. A block serves one unit, a group of
/// 16 · tiles queries of a K/V head, or several where there are fewer blocks than units. The last
/// runs come first.
class RunWalk {
public:
    __device__ RunWalk(const AttentionProblem& p, const RunRange& range, int tiles, int blocks)
        : groups_((p.queries() + 16 * tiles - 1) / (16 * tiles))
        , units_(p.kvHeads * groups_)
        , blocks_(blocks)
        , range_(range)
        , unit_(static_cast<int>(blockIdx.x) % units_)
        , item_(blocks >= units_ ? static_cast<int>(blockIdx.x) / units_ : 0) {
        settle();
    }

    [[nodiscard]] __device__ bool there() const { return unit_ < units_; }
    __device__ void next() {
        item_ += max((blocks_ - unit_ + units_ - 1) / units_, 1);
        settle();
    }

    [[nodiscard]] __device__ int unit() const { return unit_; }
    [[nodiscard]] __device__ int head() const { return unit_ / groups_; }
    [[nodiscard]] __device__ int group() const { return unit_ % groups_; }
    /// The run, as number of those that the rows read.
    [[nodiscard]] __device__ int at() const { return range_.count - 1 - item_; }
    [[nodiscard]] __device__ int run() const { return range_.first + at(); }

private:
    __device__ void settle() {
        while (there() && item_ >= range_.count) {
            unit_ += blocks_;
            item_ = 0;
        }
    }

    const int groups_, units_, blocks_;
    const RunRange range_;
    int unit_, item_;
};

} // namespace lapidary::kernels::cuda
