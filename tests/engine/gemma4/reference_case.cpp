#include "engine/gemma4/reference_case.h"

#include "image/patches.h"
#include "safetensors/file.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lapidary::engine::test {

namespace {

const std::filesystem::path kCases = LAPIDARY_TESTS "/reference/cases";

QJsonArray promptsOf(const std::filesystem::path& folder) {
    QFile file(QString::fromStdString((folder / "case.json").string()));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("no case.json in %s", folder.c_str());
    return QJsonDocument::fromJson(file.readAll()).object()["prompts"].toArray();
}

template <class T>
std::vector<T> valuesOf(const SafetensorsFile& file, const char* name) {
    const TensorView* tensor = file.find(name);
    if (tensor == nullptr)
        return {};
    std::vector<T> values(tensor->bytes.size() / sizeof(T));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
}

SafetensorsFile openFile(const std::filesystem::path& path) {
    auto file = SafetensorsFile::open(path);
    if (!file)
        qFatal("%s", file.error().sentence.c_str());
    return std::move(*file);
}

std::shared_ptr<const Image> readImage(const std::filesystem::path& path) {
    QFile file(QString::fromStdString(path.string()));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("no picture %s", path.c_str());
    const QByteArray bytes = file.readAll();
    auto image = decodeImage(std::as_bytes(std::span(bytes.data(), std::size_t(bytes.size()))));
    if (!image)
        qFatal("%s", image.error().sentence.c_str());
    return *image;
}

} // namespace

std::vector<SoftTokens> ReferenceModel::softTokens(const ReferencePrompt& prompt) const {
    std::vector<SoftTokens> result;
    for (std::size_t i = 0; i < prompt.images.size(); ++i) {
        const Patches patches =
            cutPatches(*prompt.images[i], prompt.budgets[i], model->images->patchSide());
        auto soft = model->images->encode(*model->backend, patches);
        if (!soft)
            qFatal("%s", soft.error().sentence.c_str());
        result.push_back(std::move(*soft));
    }
    return result;
}

std::vector<std::string> checkpointNames() {
    std::vector<std::string> names;
    for (const auto& folder : std::filesystem::directory_iterator(kCases))
        for (const char* checkpoint : {"checkpoint", "checkpoint_original"})
            if (std::filesystem::exists(folder.path() / checkpoint))
                names.push_back(folder.path().filename().string() + "/" + checkpoint);
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> promptNames(const std::string& checkpoint) {
    std::vector<std::string> names;
    for (const auto& prompt : promptsOf((kCases / checkpoint).parent_path()))
        names.push_back(prompt.toObject()["name"].toString().toStdString());
    return names;
}

ReferenceModel loadReference(const std::string& checkpoint, int threads) {
    auto folder = Checkpoint::open(kCases / checkpoint);
    if (!folder)
        qFatal("%s", folder.error().sentence.c_str());
    auto backend = kernels::openDevice("cpu", threads);
    if (!backend)
        qFatal("%s", backend.error().sentence.c_str());
    auto model = LoadedModel::load(std::move(*folder), std::move(*backend), WeightChoice::AsStored);
    if (!model)
        qFatal("%s", model.error().sentence.c_str());
    return {.model = std::move(*model)};
}

ReferencePrompt readPrompt(const std::string& checkpoint, const std::string& prompt) {
    const std::filesystem::path folder = (kCases / checkpoint).parent_path();
    const SafetensorsFile tokens = openFile(folder / (prompt + ".tokens.safetensors"));
    const SafetensorsFile expected = openFile(folder / (prompt + ".expected.safetensors"));
    ReferencePrompt result{
        .ids = valuesOf<std::int32_t>(tokens, "input_ids"),
        .logits = valuesOf<float>(expected, "logits"),
        .greedy = valuesOf<std::int32_t>(expected, "greedy"),
        .imageFeatures = valuesOf<float>(expected, "image_features"),
        .images = {},
        .budgets = {},
    };
    for (const auto& entry : promptsOf(folder)) {
        const QJsonObject fields = entry.toObject();
        if (fields["name"].toString().toStdString() != prompt)
            continue;
        for (const auto& image : fields["images"].toArray())
            result.images.push_back(readImage(folder / image.toString().toStdString()));
        for (const auto& budget : fields["budgets"].toArray())
            result.budgets.push_back(budget.toInt());
    }
    return result;
}

void addPromptRows() {
    QTest::addColumn<std::string>("checkpoint");
    QTest::addColumn<std::string>("prompt");
    for (const std::string& checkpoint : checkpointNames())
        for (const std::string& prompt : promptNames(checkpoint))
            QTest::addRow("%s, %s", checkpoint.c_str(), prompt.c_str()) << checkpoint << prompt;
}

void addCheckpointRows() {
    QTest::addColumn<std::string>("checkpoint");
    for (const std::string& checkpoint : checkpointNames())
        QTest::addRow("%s", checkpoint.c_str()) << checkpoint;
}

std::vector<double> relativeErrors(const std::vector<float>& ours, const std::vector<float>& theirs,
                                   std::size_t width) {
    if (ours.size() != theirs.size())
        return {INFINITY};
    std::vector<double> errors;
    for (std::size_t row = 0; row < ours.size(); row += width) {
        double difference = 0;
        double length = 0;
        for (std::size_t i = row; i < row + width; ++i) {
            difference += std::pow(double(ours[i]) - double(theirs[i]), 2);
            length += std::pow(double(theirs[i]), 2);
        }
        const double error = std::sqrt(difference / length);
        errors.push_back(std::isnan(error) ? INFINITY : error);
    }
    return errors;
}

double largestRelativeError(const std::vector<float>& ours, const std::vector<float>& theirs,
                            std::size_t width) {
    return std::ranges::max(relativeErrors(ours, theirs, width));
}

} // namespace lapidary::engine::test
