#include "checkpoint/plain_reader.h"
#include "checkpoint/weight_reader.h"

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
    Mark{"torchao", "torchao"},
    Mark{"compressed-tensors", "compressed-tensors"},
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
    Mark{"._weight_qdata", "torchao"},
    Mark{".weight:qdata", "torchao"},
    Mark{".weight_packed", "compressed-tensors"},
    Mark{".qweight", "GPTQ or AutoRound"},
    Mark{".weight_scale_2", "ModelOpt NVFP4"},
    Mark{".weight_scale", "FP8"},
    Mark{".weight_scale_inv", "block FP8"},
};

std::unexpected<Error> failToRead(std::string_view format) {
    return fail(ErrorKind::Unsupported,
                std::format("The weights are quantised as {}, which Lapidary does not read yet: "
                            "choose the model in BF16.",
                            format));
}

} // namespace

Expected<void> checkQuantMethod(const ModelConfig& config) {
    if (config.quantMethod.empty())
        return {};
    for (const Mark& method : kQuantMethods)
        if (method.mark == config.quantMethod)
            return failToRead(method.format);
    return failToRead(config.quantMethod);
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
    return std::make_unique<PlainReader>(store);
}

} // namespace lapidary::engine
