"""The calendar of a district: hours of its week, holidays and days worked instead, the years that are declared."""
