//! A table as Parquet, one row group.

use super::SweepError;
use super::columns::{ColumnValues, Table};
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::sync::Arc;

impl Table {
    /// As Parquet, one row group.
    ///
    /// # Errors
    /// If two columns have the same name or a column cannot be written, or without the feature
    /// `parquet`.
    pub fn parquet(&self) -> Result<Vec<u8>, SweepError> {
        file(self).map_err(|error| SweepError::Parquet(error.to_string()))
    }
}

fn file(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns.iter().map(|(name, values)| {
        let (physical, converted) = values.kind();
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_converted_type(converted)
            .build()
            .map(Arc::new)
    });
    let schema = Type::group_type_builder("schema")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    let version = concat!("spikewatt version ", env!("CARGO_PKG_VERSION"));
    let properties = WriterProperties::builder()
        .set_created_by(version.to_owned())
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema.into(), properties.into())?;
    let mut group = file.next_row_group()?;
    for (_, values) in &table.columns {
        values.write(&mut group)?;
    }
    group.close()?;
    file.into_inner()
}

impl ColumnValues {
    fn kind(&self) -> (Physical, ConvertedType) {
        match self {
            ColumnValues::Text(_) => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            ColumnValues::Number(_) => (Physical::DOUBLE, ConvertedType::NONE),
            ColumnValues::Whole(_) => (Physical::INT64, ConvertedType::NONE),
            ColumnValues::Count(_) => (Physical::INT64, ConvertedType::UINT_64),
            ColumnValues::Flag(_) => (Physical::BOOLEAN, ConvertedType::NONE),
        }
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<Vec<u8>>) -> Result<(), ParquetError> {
        match self {
            ColumnValues::Text(values) => {
                write::<ByteArrayType, _>(group, values, |text| ByteArray::from(text.as_str()))
            }
            ColumnValues::Number(values) => write::<DoubleType, _>(group, values, |value| *value),
            ColumnValues::Whole(values) => write::<Int64Type, _>(group, values, |value| *value),
            // The bits of an unsigned number, as the converted type says.
            ColumnValues::Count(values) => {
                write::<Int64Type, _>(group, values, |value| value.cast_signed())
            }
            ColumnValues::Flag(values) => write::<BoolType, _>(group, values, |value| *value),
        }
    }
}

fn write<T: DataType, V>(
    group: &mut SerializedRowGroupWriter<Vec<u8>>,
    values: &[Option<V>],
    stored: impl Fn(&V) -> T::T,
) -> Result<(), ParquetError> {
    let known: Vec<T::T> = values.iter().flatten().map(stored).collect();
    let defined: Vec<i16> = (values.iter())
        .map(|value| i16::from(value.is_some()))
        .collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("a column too many".to_owned()));
    };
    column
        .typed::<T>()
        .write_batch(known.as_slice(), Some(defined.as_slice()), None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    use serde_json::json;
    use std::io::Write;

    #[test]
    fn worked_columns_come_back_with_their_types_and_gaps() {
        let mut table = Table::new(2);
        table.push(
            "name",
            ColumnValues::Text(vec![Some("=a".to_owned()), None]),
        );
        table.push("energy_j", ColumnValues::Number(vec![None, Some(0.1)]));
        table.push("seed", ColumnValues::Count(vec![Some(u64::MAX), Some(1)]));
        table.push_settings("t", &[&json!(4), &json!(-8)]);
        table.push_settings("mixed", &[&json!(4), &json!("x")]);
        table.push_settings("on", &[&json!(true), &json!(false)]);
        let csv = String::from_utf8(table.csv().unwrap()).unwrap();
        assert_eq!(
            csv,
            "name,energy_j,seed,t,mixed,on\n'=a,,18446744073709551615,4,4,true\n,0.1,1,-8,x,false\n"
        );
        let bytes = table.parquet().unwrap();
        assert_eq!(bytes, table.parquet().unwrap());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader
            .get_row_iter(None)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get_string(0).unwrap(), "=a");
        assert!(rows[0].get_double(1).is_err() && rows[1].get_string(0).is_err());
        assert_eq!(rows[1].get_double(1).unwrap(), 0.1);
        assert_eq!(rows[0].get_ulong(2).unwrap(), u64::MAX);
        assert_eq!(rows[1].get_long(3).unwrap(), -8);
        assert_eq!(rows[0].get_string(4).unwrap(), "4");
        assert!(!rows[1].get_bool(5).unwrap());
    }
}
