#pragma once

#include <nlohmann/json.hpp>

#include <QMap>
#include <QString>
#include <QTemporaryDir>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

/// A tensor of a made file; its data is one byte over and over.
struct MadeTensor {
    QString type;
    std::vector<std::int64_t> shape;
    char fill = 'x';
};

/// A folder with a tiny model of two layers that is complete, to be changed and then written: width
/// 8, two heads of 4, MLP 12, ten tokens; with three experts of width 5, or without.
class MadeCheckpoint {
public:
    enum class Kind : std::uint8_t { Dense, Experts };

    explicit MadeCheckpoint(Kind kind = Kind::Dense);

    nlohmann::json config;
    QMap<QString, MadeTensor> tensors;
    nlohmann::json metadata = nlohmann::json::object(); ///< of each file

    /// Replaces a matrix by one that torchao has quantised, or in `spelling` "M.weight_scale" one
    /// of compressed-tensors. Its scales are 0x3C3C3C3C, about 0.0115, or those of `fill`.
    enum class Spelling : std::uint8_t { Torchao, Torchao14, CompressedTensors };
    void quantise(const QString& name, Spelling spelling, char fill = 0x3C);

    /// config.json and model.safetensors.
    void write() const;

    /// The same in two shards and an index.
    void writeSharded() const;

    [[nodiscard]] std::filesystem::path path() const { return folder_->path().toStdString(); }
    [[nodiscard]] QString file(const char* name) const {
        return folder_->filePath(QString::fromUtf8(name));
    }

private:
    void writeFile(const char* name, const QByteArray& content) const;
    void writeConfig() const;

    std::shared_ptr<QTemporaryDir> folder_ = std::make_shared<QTemporaryDir>();
};
