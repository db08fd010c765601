"""What a tablet takes along: its grids, the basemap, facilities and map pictures, as signed files and differences."""
