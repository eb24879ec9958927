#pragma once

#include "engine_queries.h"

#include <QAbstractListModel>
#include <QList>
#include <QString>
#include <QStringList>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// The models of this machine: the demo model, folders that the user chose, the Hugging Face cache.
/// Lives on the UI thread; reads folders on workers. A folder that cannot be used is a row with the
/// reason.
class ModelList final : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("ModelPicker makes it")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(bool scanning READ scanning NOTIFY scanningChanged FINAL)

public:
    enum Role {
        NameRole = Qt::UserRole + 1,
        FolderRole,
        FormatRole,
        SizeRole,    ///< what the weights take with the recipe of the picker; "" until known
        VerdictRole, ///< one sentence for the device and recipe of the picker; "" until known
        UsableRole,
        ReasonRole, ///< why it is not usable
        NoticeRole,
        PlaceRole,
    };
    Q_ENUM(Role)

    enum class Place { Demo, Chosen, HubCache };
    Q_ENUM(Place)

    struct Row {
        QString folder;
        Place place = Place::Chosen;
        QString name;
        QString format;
        QString size;
        QString verdict;
        bool usable = false;
        QString reason;
        QString notice;
        bool seesImages = false;
        int maxContextTokens = 0;

        bool operator==(const Row&) const = default;
    };

    /// `demoFolder` may be "" (none), `hubCache` the folder that holds `models--*` folders, or "".
    ModelList(EngineQueries queries, QString demoFolder, QString hubCache,
              QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;

    [[nodiscard]] int count() const { return static_cast<int>(rows_.size()); }
    [[nodiscard]] bool scanning() const { return scanning_; }
    [[nodiscard]] const QList<Row>& rows() const { return rows_; }
    [[nodiscard]] int rowOfFolder(const QString& folder) const;

    /// Reads all places again; chosen folders that hold several models are listed one row a model.
    Q_INVOKABLE void scan();
    void setChosenFolders(const QStringList& folders);
    void setVerdict(const QString& folder, const QString& verdict, const QString& size);

signals:
    void countChanged();
    void scanningChanged();
    void scanned();

private:
    void show(QList<Row> rows);

    EngineQueries queries_;
    QString demoFolder_;
    QString hubCache_;
    QStringList chosenFolders_;
    QList<Row> rows_;
    bool scanning_ = false;
    bool scanAgain_ = false;
};

} // namespace lapidary::app
