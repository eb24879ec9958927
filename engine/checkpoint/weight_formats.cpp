#include "checkpoint/fp8_reader.h"
#include "checkpoint/plain_reader.h"
#include "checkpoint/weight_reader.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>

namespace lapidary::engine {

namespace {

/// What quantization_config.quant_method or a tensor's name tells, in the words of formats.md 1.
struct Mark {
    std::string_view mark;
    std::string_view format;
};

constexpr std::array kQuantMethods = {
    Mark{"auto-round", "AutoRound"},
    Mark{"intel/auto-round", "AutoRound"},
    Mark{"gptq", "GPTQ"},
    Mark{"awq", "AWQ"},
    Mark{"modelopt", "ModelOpt"},
    Mark{"modelopt_fp4", "ModelOpt NVFP4"},
    Mark{"modelopt_mixed", "ModelOpt"},
    Mark{"gemma", "Google's mobile quantisation"},
    Mark{"fp8", "block FP8"},
    Mark{"bitsandbytes", "bitsandbytes"},
};

constexpr std::array kTensorSuffixes = {
    Mark{".weight_packed", "compressed-tensors"},
    Mark{".qweight", "GPTQ or AutoRound"},
    Mark{".weight_scale_2", "ModelOpt NVFP4"},
    Mark{".weight_scale_inv", "block FP8"},
};

constexpr std::array<std::string_view, 3> kReadMethods = {"", "torchao", "compressed-tensors"};

} // namespace

std::unexpected<Error> failToRead(std::string_view format) {
    return fail(ErrorKind::Unsupported,
                std::format("The weights are quantised as {}, which Lapidary does not read yet: "
                            "choose the model in BF16.",
                            format));
}

Expected<void> checkQuantMethod(const ModelConfig& config) {
    const QuantizationConfig& quantization = config.quantization;
    if (!quantization.unread.empty())
        return failToRead(quantization.unread);
    if (std::ranges::contains(kReadMethods, quantization.method))
        return {};
    for (const Mark& method : kQuantMethods)
        if (method.mark == quantization.method)
            return failToRead(method.format);
    return failToRead(quantization.method);
}

Expected<std::unique_ptr<WeightReader>> openWeights(const std::filesystem::path& folder,
                                                    const ModelConfig& config,
                                                    const TensorStore& store) {
    for (const Mark& suffix : kTensorSuffixes)
        for (const auto& [name, tensor] : store.tensors())
            if (name.ends_with(suffix.mark))
                return failToRead(suffix.format);
    if (Expected<void> method = checkQuantMethod(config); !method)
        return std::unexpected(method.error());
    std::error_code error;
    if (std::filesystem::exists(folder / "hf_quant_config.json", error))
        return failToRead("ModelOpt");
    Expected<Fp8Tensors> torchao = findTorchao(store);
    if (!torchao)
        return std::unexpected(torchao.error());
    if (!torchao->empty())
        return std::make_unique<Fp8Reader>(store, std::move(*torchao), "FP8 (torchao)");
    Expected<Fp8Tensors> compressed =
        findCompressedTensors(store, config.quantization.quantisedInput);
    if (!compressed)
        return std::unexpected(compressed.error());
    if (!compressed->empty())
        return std::make_unique<Fp8Reader>(store, std::move(*compressed),
                                           "FP8 (compressed-tensors)");
    return std::make_unique<PlainReader>(store);
}

} // namespace lapidary::engine
