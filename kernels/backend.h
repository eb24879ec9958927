#pragma once

#include "device.h"
#include "error.h"
#include "estimate.h"
#include "growing_memory.h"
#include "packer.h"
#include "sampling.h"
#include "tensor.h"
#include "weight.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace lapidary::kernels {

/// Memory on a backend's device; freed when the last copy of `memory` goes.
struct Buffer {
    std::shared_ptr<void> memory;
    std::size_t bytes = 0;
};

/// Keys and values of one layer. Position p lives in slot p mod capacity, so a layer that keeps
/// everything is a ring that never wraps. Of such a layer only the slots up to the last row of a
/// step need to be there (GrowingMemory): no operation touches those beyond.
///   k, v  [capacity, kvHeads, headDim]
struct KvView {
    Tensor k;
    Tensor v;

    [[nodiscard]] std::int64_t capacity() const { return k.rows(); }
};

/// Positions [begin, end) that see each other in both directions: the soft tokens of one image.
struct Run {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// Head norms, rotation and the way into the cache (gemma4.md 2.1 step 2, 2.2).
struct RotateAndStore {
    Tensor q;     ///< [rows, heads, headDim]; normed and rotated in place
    Tensor k;     ///< [rows, kvHeads, headDim], raw projection; empty: the layer owns no K/V
    Tensor v;     ///< [rows, kvHeads, headDim], raw projection; may be the same memory as k
    Tensor qNorm; ///< [headDim] f32
    Tensor kNorm; ///< [headDim] f32
    Tensor
        frequencies; ///< [headDim / 2] f32; pair (i, i + headDim / 2) turns by position · frequency
    float epsilon = 1e-6F;
    std::int64_t firstPosition = 0; ///< row r is position firstPosition + r
    KvView cache;                   ///< takes rotated k-normed K and weightlessly normed V
};

/// softmax(q · kᵀ) v over the cache, scale 1 (gemma4.md 2.3, 2.4, 5.6).
struct Attention {
    Tensor q; ///< [rows, heads, headDim]; head h reads K/V head h div (heads / kvHeads)
    KvView cache;
    std::int64_t firstPosition = 0; ///< row r is position p = firstPosition + r and sees kv ≤ p
    std::int64_t window = 0;        ///< 0: all; otherwise the positions p − window + 1 … p
    std::span<const Run> runs; ///< a row in a run also sees the rest of it; already in the cache
    Tensor out;                ///< [rows, heads, headDim]
    Tensor largest = {};       ///< [rows, heads] f32, or empty: of each head of out, see Backend
};

/// One of several products of the same rows: y = W x.
struct Projection {
    const Weight& w;
    Tensor y; ///< [rows, rows of W]
};

/// residual = (residual + rms(x; weight)) · scale, and then normed = rms(residual; nextWeight): the
/// end of one block of a decoder layer and the beginning of the next, which read the same row.
struct AddNormed {
    Tensor residual; ///< [rows, width]
    Tensor x;        ///< [rows, width]
    Tensor weight;   ///< [width] f32
    float epsilon = 1e-6F;
    float scale = 1;
    Tensor nextWeight = {}; ///< [width] f32; empty: nothing follows
    Tensor normed = {};     ///< [rows, width]; not the memory of residual or x
    Tensor largest = {};    ///< [rows] f32, or empty: the largest magnitude of each row of normed
};

/// y = down(gelu_tanh(gate x) ⊙ up x).
struct GatedMlp {
    const Weight& gate;  ///< [width, hidden]
    const Weight& up;    ///< [width, hidden]
    const Weight& down;  ///< [hidden, width]
    Tensor x;            ///< [rows, hidden]
    Tensor y;            ///< [rows, hidden]; may be the same memory as x
    Tensor scratch;      ///< [2 · rows, width]
    Tensor largest = {}; ///< of x, see Backend
};

/// The router of a mixture of experts (gemma4.md 2.5): t = rms(x) ⊙ scale · factor, p =
/// softmax(proj t), the topK largest p (ties: lower index), renormalised, times the expert's own
/// scale.
struct Route {
    Tensor x;              ///< [rows, hidden], the raw residual
    Tensor scale;          ///< [hidden] f32
    float factor = 1;      ///< hidden^(−1/2)
    const Weight& proj;    ///< [experts, hidden]
    Tensor perExpertScale; ///< [experts] f32
    float epsilon = 1e-6F;
    Tensor scratch; ///< [rows, hidden + experts]
    Tensor chosen;  ///< [rows, topK] i32, by falling probability
    Tensor weights; ///< [rows, topK] f32
};

/// y = Σ over the chosen experts, in rank order, of weight · down_e(gelu_tanh(gate_e x) ⊙ up_e x).
struct ExpertMlp {
    const Weight& gateUp; ///< [experts, 2 · width, hidden]: rows 0 … width − 1 gate, then up
    const Weight& down;   ///< [experts, hidden, width]
    Tensor x;             ///< [rows, hidden]
    Tensor chosen;        ///< [rows, topK] i32
    Tensor weights;       ///< [rows, topK] f32
    Tensor y;             ///< [rows, hidden]; not the memory of x
    Tensor scratch;       ///< [rows · topK, 3 · width + hidden]
};

/// The second half of a decoder layer with experts (gemma4.md 2.5): a dense MLP and experts beside
/// it, each branch with norms of its own, and the sum of both, which is added to the residual.
struct MixedMlp {
    GatedMlp dense;        ///< y: memory of [rows, hidden]
    Tensor denseNorm;      ///< [hidden] f32, of dense.y
    Route route;           ///< x: the residual
    Tensor expertsInNorm;  ///< [hidden] f32, of the residual
    ExpertMlp experts;     ///< x: memory of [rows, hidden] that may be that of dense.x
    Tensor expertsNorm;    ///< [hidden] f32, of experts.y
    float epsilon = 1e-6F; ///< of these norms
    AddNormed sum;         ///< x: the memory of dense.y
};

/// One image in the vision tower: head norms, 2-D rotation, and attention of all patches over all
/// patches, scale 1 (gemma4.md 5.3).
struct VisionAttention {
    Tensor q, k, v; ///< [patches, heads, headDim], raw projections; normed and rotated in place
    Tensor qNorm, kNorm; ///< [headDim] f32; v is normed without a weight
    Tensor columns;      ///< [patches] i32: turns the first half of each head
    Tensor rows;         ///< [patches] i32: turns the second half
    Tensor frequencies;  ///< [headDim / 4] f32
    float epsilon = 1e-6F;
    Tensor out; ///< [patches, heads, headDim]; not the memory of q, k or v
};

struct Sample {
    Tensor logits;                              ///< [rows, vocabulary] f32; changed by the call
    Sampling sampling;                          ///< the same for every row
    std::int64_t firstPosition = 0;             ///< row r draws with (seed, firstPosition + r)
    std::span<const std::int32_t> seenTokens;   ///< what the penalty counts, host memory
    std::span<const std::int32_t> bannedTokens; ///< never drawn, host memory
    Tensor tokens;                              ///< [rows] i32
    /// What made `logits`, where that was Backend::estimate; nothing of it has changed since.
    const Estimate* estimate = nullptr;
};

/// The vocabulary that the models are written in. An instance belongs to one device and is used by
/// one thread at a time. Operations are queued in the order of the calls; results are there after
/// `wait`, which also returns the first error of the operations before it.
///
/// Activations (every Tensor below without a stated type) are of `activationType`; norms and other
/// small vectors are f32. Accumulation is f32. Each operation computes a row with the same
/// instructions in the same order whatever the number of rows from 1 to 16 (the CPU: any number),
/// so a row's bits do not depend on what was computed beside it. Unless stated, outputs may not
/// overlap inputs. Shapes that do not agree are bugs and end the process.
///
/// `largest` beside rows that go into a product holds the largest magnitudes of pieces of each row,
/// [rows, pieces] f32, which quantising the row begins with. The operation that makes the rows
/// fills it in passing; a backend that has no use for it leaves it alone, and given none, the
/// product looks itself.
class Backend {
public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    [[nodiscard]] virtual DeviceDescription describe() const = 0;
    [[nodiscard]] virtual DType activationType() const = 0;

    /// Uninitialised memory, 64-byte aligned. DoesNotFit when the device has no more.
    [[nodiscard]] virtual Expected<Buffer> allocate(std::size_t bytes) = 0;
    /// Addresses for `mostBytes`, 64-byte aligned, for memory that comes as it is grown. All of it
    /// is there at once where it is little, or where the device cannot map memory. DoesNotFit.
    [[nodiscard]] virtual Expected<std::unique_ptr<GrowingMemory>>
    reserve(std::size_t mostBytes) = 0;
    /// `from` may go when this returns. A few numbers cost little more than their queueing.
    virtual void upload(std::span<const std::byte> from, const Tensor& to) = 0;
    /// `to` stays until the wait.
    virtual void download(const Tensor& from, std::span<std::byte> to) = 0;

    /// The matrix in this backend's own layout. `as` is the format of the source, or Fp8 for an F32
    /// or BF16 source, which is then quantised row by row (quantiseRow), inputs as well.
    /// A device keeps what it has no products for in what it has: cards round f32 to bf16.
    /// DoesNotFit, DeviceLost.
    [[nodiscard]] virtual Expected<Weight> pack(const WeightSource& source, WeightFormat as) = 0;
    [[nodiscard]] Expected<Weight> pack(const WeightSource& source) {
        return pack(source, source.format);
    }

    /// For the weights of a whole model. Lives no longer than the backend.
    ///   bytes  that the device will hold of them, as far as is known: it may take them at once
    [[nodiscard]] virtual std::unique_ptr<Packer> packer(std::size_t bytes,
                                                         Packer::Watch watch) = 0;

    /// A table that stays in the host's memory, where its owner keeps it, and is there for `gather`
    /// alone: of some megabytes or gigabytes a step reads a few rows. F32 or BF16. DoesNotFit.
    [[nodiscard]] virtual Expected<Weight> keep(const WeightSource& source) = 0;

    /// y[p, r] = part p of table[ids[r]] · scale. Like uploads, it does not belong into a step that
    /// is repeated.
    ///   table  from `keep`; its rows are the parts one after another
    ///   ids    [rows], host memory, which may go when this returns
    ///   y      [parts, rows, width]
    virtual void gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                        const Tensor& y) = 0;

    [[nodiscard]] virtual Expected<void> wait() = 0;

    /// What a backend keeps of a step so that it can do it again; each backend derives its own.
    struct Recording {
        Recording() = default;
        Recording(const Recording&) = delete;
        Recording& operator=(const Recording&) = delete;
        virtual ~Recording() = default;
    };

    /// Does a step of 1 to 16 rows: calls `operations`, which queues its operations, or repeats
    /// what was recorded of an earlier call, which must have been the same operations on the same
    /// memory but for the position of the rows. Uploads and downloads do not belong into a step.
    ///   recording      the caller's, empty at first; lives no longer than the memory in it
    ///   firstPosition  what the operations of this step are given as theirs
    virtual void repeat(std::unique_ptr<Recording>& /*recording*/, std::int64_t /*firstPosition*/,
                        const std::function<void()>& operations) {
        operations();
    }

    /// y[r] = table[ids[r]] · scale.   ids [rows] i32, y [rows, columns of the table]
    virtual void embed(const Weight& table, const Tensor& ids, float scale, const Tensor& y) = 0;

    /// y = x / sqrt(mean(x²) + epsilon) ⊙ weight, over the last dimension.
    ///   x, y  [rows, …, width], may be the same memory. weight [width] f32, or empty for none.
    ///   largest  of y, [rows] f32, or empty
    virtual void rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                         const Tensor& largest) = 0;
    void rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y) {
        rmsNorm(x, weight, epsilon, y, {});
    }

    virtual void addNormed(const AddNormed& op) = 0;

    /// y = W x for each of the projections.   x [rows, columns of W]
    virtual void linear(std::span<const Projection> projections, const Tensor& x,
                        const Tensor& largest) = 0;
    void linear(const Weight& w, const Tensor& x, const Tensor& y, const Tensor& largest = {}) {
        const Projection projection{w, y};
        linear(std::span(&projection, 1), x, largest);
    }

    /// y = cap · tanh(W x / cap), f32; cap 0: none.   x [rows, columns of W], y [rows, rows of W]
    /// f32
    virtual void logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) = 0;

    /// A head in 8 bits of the head w, which is ready for use and stays, for `estimate`. Empty
    /// where the device would gain nothing by it. DoesNotFit, DeviceLost.
    [[nodiscard]] virtual Expected<CoarseHead> coarsen(const Weight& /*w*/) { return CoarseHead{}; }

    /// What `sample` needs to draw the tokens that it would draw from the logits, but where two of
    /// them differ by no more than rounding, which sums in another order may do otherwise. With an
    /// empty coarse head op.logits are the logits; else its content and that of op.bounds are for
    /// `sample` alone, which changes both.
    virtual void estimate(const Estimate& op) { logits(op.w, op.x, op.cap, op.logits); }

    virtual void rotateAndStore(const RotateAndStore& op) = 0;
    virtual void attention(const Attention& op) = 0;

    /// rotateAndStore, then attention over the cache that it wrote; a backend may do both in one
    /// pass. Both name the same q, whose content is unspecified afterwards.
    virtual void rotateAndAttend(const RotateAndStore& rotate, const Attention& op) {
        rotateAndStore(rotate);
        attention(op);
    }

    virtual void gatedMlp(const GatedMlp& op) = 0;
    virtual void route(const Route& op) = 0;
    virtual void expertMlp(const ExpertMlp& op) = 0;

    /// A backend may do with fewer passes, and leave what the operations hand each other unwritten.
    virtual void mixedMlp(const MixedMlp& op) {
        gatedMlp(op.dense);
        rmsNorm(op.dense.y, op.denseNorm, op.epsilon, op.dense.y);
        route(op.route);
        rmsNorm(op.route.x, op.expertsInNorm, op.epsilon, op.experts.x);
        expertMlp(op.experts);
        rmsNorm(op.experts.y, op.expertsNorm, op.epsilon, op.experts.y);
        scaledSum(op.dense.y, op.experts.y, 1, op.dense.y);
        addNormed(op.sum);
    }

    /// y = gelu_tanh(gate) ⊙ up, element by element; y may be the memory of either.
    virtual void geluMultiply(const Tensor& gate, const Tensor& up, const Tensor& y) = 0;

    /// y = (a + b) · scale, element by element; y may be the memory of either.
    virtual void scaledSum(const Tensor& a, const Tensor& b, float scale, const Tensor& y) = 0;

    /// y = LayerNorm(x) ⊙ weight + bias over the last dimension, mean and variance in f32.
    ///   x, y [rows, width], may be the same memory; weight, bias [width] f32
    virtual void layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias, float epsilon,
                           const Tensor& y) = 0;

    /// x[r] += bias.   x [rows, width], bias [width] f32
    virtual void addBias(const Tensor& x, const Tensor& bias) = 0;

    /// x[r] += table[indices[r]].   x [rows, width], table [entries, width] f32, indices [rows] i32
    virtual void addRows(const Tensor& x, const Tensor& table, const Tensor& indices) = 0;

    /// x = min(max(x, low), high), element by element.
    virtual void clamp(const Tensor& x, float low, float high) = 0;

    virtual void visionAttention(const VisionAttention& op) = 0;

    /// Means over k × k blocks, times factor, then (· − bias) ⊙ scale where given (gemma4.md 5.3).
    ///   x [gridRows · gridColumns, width] row-major; y [(gridRows / k) · (gridColumns / k),
    ///   width]; bias, scale [width] f32 or empty
    virtual void poolPatches(const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                             float factor, const Tensor& bias, const Tensor& scale,
                             const Tensor& y) = 0;

    virtual void sample(const Sample& op) = 0;
};

/// Opens a device by its id. `threads` counts for the CPU alone; 0: one a physical core.
[[nodiscard]] Expected<std::unique_ptr<Backend>> openDevice(const std::string& id, int threads = 0);

} // namespace lapidary::kernels
