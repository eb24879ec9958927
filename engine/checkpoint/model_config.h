#pragma once

#include "checkpoint/quantization_config.h"

#include <kernels/error.h>
#include <kernels/sampling.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// What one decoder layer is, with every rule of the family already applied (gemma4.md 1.1, 1.4).
struct LayerConfig {
    bool sliding = false; ///< sees `ModelConfig::slidingWindow` positions; otherwise all
    int kvHeads = 0;      ///< of the K/V it reads
    int headDim = 0;
    int kvDonor = 0; ///< the layer whose K/V it reads: itself when it owns its own
    bool ownsKv = true;
    bool keyIsValue = false; ///< no v_proj: V is the raw K projection
    int mlpWidth = 0;        ///< of the dense MLP
};

/// Rotation of one layer type. Pair i of headDim / 2 turns by
/// position · theta^(−2i / headDim) / factor; only the first turningPairs(headDim) turn
/// (gemma4.md 2.2).
struct RotaryConfig {
    double theta = 0;
    double partialFactor = 1; ///< 1: all pairs turn
    double factor = 1;

    [[nodiscard]] int turningPairs(int headDim) const {
        return static_cast<int>(partialFactor * headDim / 2);
    }
};

/// The mixture of experts beside the dense MLP of every layer (gemma4.md 2.5).
struct ExpertConfig {
    int count = 0;
    int topK = 0;
    int width = 0;
};

/// Per-layer embeddings of the E-series (gemma4.md 2.6).
struct PerLayerInputConfig {
    int width = 0;      ///< of one layer's slice
    int vocabulary = 0; ///< rows of the table
};

/// The vision tower of E2B, E4B, 26B and 31B (gemma4.md 1.3, 5.3).
struct VisionTowerConfig {
    int hidden = 0;
    int mlpWidth = 0;
    int layers = 0;
    int heads = 0;
    int headDim = 0;
    int patchSize = 0;
    int poolingKernel = 0;
    int positions = 0; ///< entries of each position table
    double ropeTheta = 0;
    float epsilon = 0;
    bool clippedLinears = false;
    bool standardize = false;
};

/// The encoder-free image embedder of 12B (gemma4.md 1.3, 5.5).
struct ImageEmbedderConfig {
    int hidden = 0;
    int patchSize = 0;
    int poolingKernel = 0;
    int positions = 0;                                ///< entries of each position table
    float epsilon = 0;                                ///< of the RMS norm before the projection
    static constexpr float kLayerNormEpsilon = 1e-5F; ///< of the four LayerNorms; not in the file

    [[nodiscard]] int modelPatch() const { return patchSize * poolingKernel; }
    [[nodiscard]] int patchValues() const { return 3 * modelPatch() * modelPatch(); }
};

/// Which positions see ahead of themselves (gemma4.md 5.6).
enum class Bidirectional : std::uint8_t { None, Vision };

/// The ids that config.json names; the tokenizer knows all special tokens by their texts.
struct MediaTokens {
    std::int32_t pad = 0;
    std::int32_t bos = 2;
    std::int32_t beginImage = 255999;
    std::int32_t image = 258880;
    std::int32_t endImage = 258882;
    std::int32_t beginAudio = 256000;
    std::int32_t audio = 258881;
    std::int32_t endAudio = 258883;
    std::int32_t video = 258884;
};

/// A config.json of the Gemma 4 family: both kinds (`gemma4`, `gemma4_unified`), text alone or with
/// images, either spelling of the per-layer sizes. All lists have one entry a layer.
struct ModelConfig {
    std::string modelType; ///< "gemma4" or "gemma4_unified", "_text" taken off
    bool textOnly = false; ///< the file is a bare text config
    int hidden = 0;
    int vocabulary = 0;
    int heads = 0; ///< query heads, the same in every layer
    int maxContextTokens = 0;
    int slidingWindow = 0; ///< counts the querying position itself
    float epsilon = 1e-6F;
    float logitCap = 0; ///< 0: none
    Bidirectional bidirectional = Bidirectional::None;
    std::vector<LayerConfig> layers;
    RotaryConfig slidingRotary;
    RotaryConfig fullRotary;
    std::optional<ExpertConfig> experts;
    std::optional<PerLayerInputConfig> perLayerInput;
    std::optional<VisionTowerConfig> visionTower;
    std::optional<ImageEmbedderConfig> imageEmbedder;
    bool hasAudio = false; ///< the folder describes audio, which is not run
    MediaTokens tokens;
    std::vector<std::int32_t> eosTokens; ///< as config.json has them; see GenerationConfig
    QuantizationConfig quantization;

    [[nodiscard]] int layerCount() const { return static_cast<int>(layers.size()); }
    [[nodiscard]] bool seesImages() const { return visionTower || imageEmbedder; }
    [[nodiscard]] const RotaryConfig& rotary(const LayerConfig& layer) const {
        return layer.sliding ? slidingRotary : fullRotary;
    }
};

/// Reads the text of a config.json. Corrupt (not JSON, a missing key, contradicting values),
/// Unsupported (another family, a feature that nothing here runs). Sentences name the key.
[[nodiscard]] Expected<ModelConfig> readModelConfig(std::string_view json);

/// The model's advice on generating. The end tokens of generation_config.json win over those of
/// config.json (gemma4.md 1.2).
struct GenerationConfig {
    std::vector<std::int32_t> eosTokens;
    kernels::Sampling sampling;
    std::vector<std::int32_t> suppressedTokens; ///< never drawn
};

/// Reads the text of a generation_config.json; "" when the folder has none. Corrupt.
[[nodiscard]] Expected<GenerationConfig> readGenerationConfig(std::string_view json,
                                                              const ModelConfig& config);

} // namespace lapidary::engine
